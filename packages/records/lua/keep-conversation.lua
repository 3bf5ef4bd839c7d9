-- Remembers the conversation that a session goes on with, and by the conversation the session.
-- KEYS: 1 the session's conversation, 2 the session's keys, 3 the conversation's session
-- ARGV: 1 id of the conversation, 2 how long it is remembered (ms)
-- Replies: 1

redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SET', KEYS[3], KEYS[1], 'PX', ARGV[2])
listInSession(KEYS[2], KEYS[1], ARGV[2])
listInSession(KEYS[2], KEYS[3], ARGV[2])
return 1
