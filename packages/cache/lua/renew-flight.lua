-- The leader goes on: its call is under way, or its ticket waits for a known time.
-- KEYS: 1 flight
-- ARGV: 1 job id, 2 lease (ms)
-- Replies: 1 it leads, 0 another does or nobody

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if redis.call('HGET', KEYS[1], 'leader') ~= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[1], 'until', string.format('%.0f', now + ARGV[2]))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
