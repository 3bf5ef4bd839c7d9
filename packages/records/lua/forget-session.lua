-- Removes some of what is kept of a session.
-- KEYS: 1 the session's keys, 2… some of them
-- Replies: how many were there

local removed = redis.call('DEL', unpack(KEYS, 2))
redis.call('SREM', KEYS[1], unpack(KEYS, 2))
return removed
