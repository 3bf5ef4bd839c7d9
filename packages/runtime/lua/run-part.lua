-- Runs `part` by itself.
-- Returns what it returns

return part()
