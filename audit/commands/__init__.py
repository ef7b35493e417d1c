"""The commands of the command line, by what they need: parse, call the library, print. No logic."""
