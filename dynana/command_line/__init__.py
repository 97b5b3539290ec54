"""The commands of ``python -m dynana``; they use public names only."""
