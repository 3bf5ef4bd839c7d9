-- Acknowledges entries of the outbox and deletes them in the same step: an entry that is acknowledged but not deleted
-- would belong to nobody and stay for ever.
-- KEYS: 1 outbox
-- ARGV: 1 consumer group, 2… stream ids
-- Replies: how many were acknowledged

local acknowledged = redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, 2))
redis.call('XDEL', KEYS[1], unpack(ARGV, 2))
return acknowledged
