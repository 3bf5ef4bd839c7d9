-- Remembers the conversation that a session goes on with.
-- KEYS: 1 the conversation, 2 the session's keys
-- ARGV: 1 id of the conversation, 2 how long it is remembered (ms)
-- Replies: 1

redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
listInSession(KEYS[2], KEYS[1], ARGV[2])
return 1
