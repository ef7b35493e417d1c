"""What was said in a call, whoever logged it and however: as a request of OpenAI's chat completions and its answer.

Nothing is ever made up. What is not wholly there, or has no place in a chat completion, makes a request unavailable,
with the reason.
"""
