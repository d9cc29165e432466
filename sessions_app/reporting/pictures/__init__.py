"""Pictures of what students did. They draw numbers and ask for none."""
