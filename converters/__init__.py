"""The adapters: one module per dataset or family. They import the schema and nothing heavier."""
