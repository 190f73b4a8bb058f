"""The proposal as an EIP: rules that editors enforce, and numbers that must be the spec's."""
