"""Wegwijs: an assistant for people newly housed in a Dutch municipality. Verbs are files, nouns are folders."""
