-- Announces an endpoint to come: a number that grows with each announcement, and how many endpoints were ever removed.
-- KEYS: 1 generation
-- Replies: {number, removed}

local reserved = redis.call('HINCRBY', KEYS[1], 'reserved', 1)
return { reserved, tonumber(redis.call('HGET', KEYS[1], 'removed') or '0') }
