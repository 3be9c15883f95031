"""The history of the tables; `bot.store.migrate` runs it."""
