"""The commands, one file each. `bot/cli.py` lists them and imports one only when it is called."""
