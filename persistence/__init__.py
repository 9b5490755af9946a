"""The store of record, its three JSON copies, import, export and backup."""
