-- The leader has what all have waited for: its reply is kept, the flight is over, and those that waited are handed over, once.
-- KEYS: 1 leader, 2 those that wait, 3… where there is a reply to keep: as put-reply.lua takes them
-- ARGV: 1 job id, 2… as put-reply.lua takes them
-- Replies: {1 the reply is kept, 0 it is not, where the ticket of each that waited is (list of JSON); none where another leads}

local kept = KEYS[3] and putReply({ unpack(KEYS, 3) }, { unpack(ARGV, 2) }) or 0
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return { kept, {} }
end
local waiting = redis.call('HVALS', KEYS[2])
redis.call('UNLINK', KEYS[1], KEYS[2])
return { kept, waiting }
