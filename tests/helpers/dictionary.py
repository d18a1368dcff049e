"""The rules' dictionary, read: the fork server (started.py) imports this, and no fork reads it."""

from lemminflect import getAllInflections, getAllLemmas

getAllLemmas("ice")
getAllInflections("ice")
