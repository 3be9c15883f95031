"""The form team's desk: pages for who answers newcomers. One file per page; `door.py` lets people in."""
