"""The network equation, once: what a frozen network does under one set of parameters."""
