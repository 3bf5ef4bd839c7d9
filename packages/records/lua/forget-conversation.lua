-- Lets a session forget its conversation, unless it goes on with another one by now.
-- KEYS: 1 the conversation's session, 2 the session's conversation
-- ARGV: 1 id of the conversation
-- Replies: 1 forgotten, 0 the session has another one

redis.call('DEL', KEYS[1])
if redis.call('GET', KEYS[2]) ~= ARGV[1] then
  return 0
end
return redis.call('DEL', KEYS[2])
