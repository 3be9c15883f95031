"""The only place with SQL: tables, one unit of work, one file per collection."""
