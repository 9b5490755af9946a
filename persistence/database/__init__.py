"""The database: tables, connections, opening, migrations and backups."""
