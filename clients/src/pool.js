/** Runs checks in processes of their own, a few at a time. */
import {fork} from "node:child_process";
import {fileURLToPath} from "node:url";

const WORKER = fileURLToPath(new URL("worker.js", import.meta.url));

/** Run one task to its end. A process that fails, or ends before its last case, is an error. */
function run(task, onResult) {
  return new Promise((resolve, reject) => {
    const env = {...process.env, LODESTAR_PRESET: task.preset};
    const child = fork(WORKER, {env, stdio: ["ignore", "inherit", "inherit", "ipc"]});
    let unread = NaN;
    let read = 0;
    child.on("message", (message) => {
      if (message.total !== undefined) {
        unread = message.total - read;
      } else {
        read += 1;
        onResult({...message, check: task.check});
      }
    });
    child.on("error", reject);
    child.on("close", (status, signal) => {
      if (status === 0 && unread === 0) {
        resolve();
      } else {
        reject(new Error(`${task.check} ${task.preset}: the process ended with ${signal ?? `status ${status}`}`));
      }
    });
    child.send(task);
  });
}

/** Run all tasks, at most `jobs` at once; `onResult` gets the result of every case. */
export async function runAll(tasks, jobs, onResult) {
  const waiting = [...tasks];
  const next = async () => {
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
      await run(task, onResult);
    }
  };
  await Promise.all(Array.from({length: jobs}, next));
}
