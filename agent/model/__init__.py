"""Who decides the next call: the Messages API, or the keyless planner."""
