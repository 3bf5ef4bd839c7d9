-- Adds what a job said and was told to the history of its session, once, and forgets the oldest turns beyond the bound.
-- KEYS: 1 turns of the session, 2 the session's keys
-- ARGV: 1 job id, 2 turn: `<job id> <tokens> <text>`, 3 most tokens, 4 time that a session lives unused (ms)
-- Replies: how many turns there are

local turns, total = redis.call('LRANGE', KEYS[1], 0, -1), 0
for i = 1, #turns do
  local id, tokens = string.match(turns[i], '^(%S+) (%d+) ')
  if id == ARGV[1] then
    return #turns
  end
  total = total + tonumber(tokens)
end
local count = redis.call('RPUSH', KEYS[1], ARGV[2])
total = total + tonumber(string.match(ARGV[2], '^%S+ (%d+) '))
for i = 1, #turns do
  if total <= tonumber(ARGV[3]) then
    break
  end
  total = total - tonumber(string.match(turns[i], '^%S+ (%d+) '))
  redis.call('LPOP', KEYS[1])
  count = count - 1
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
listInSession(KEYS[2], KEYS[1], ARGV[4])
return count
