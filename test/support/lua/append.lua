-- Appends to a list; for tests of the loader.
-- KEYS: 1 list
-- ARGV: 1 value
-- Reply: length of the list

return redis.call('RPUSH', KEYS[1], ARGV[1])
