-- Parks one API key for everyone and forgets those whose time is over. One that is parked for longer stays as it is.
--
-- KEYS  1 hash of parked keys
-- ARGV  1 field, 2 time in ms, 3 what to show as JSON; last and only in tests: now in epoch ms instead of Redis TIME
-- Reply until when it is parked, epoch ms
-- A value is "<untilMs> <json>".
local time = redis.call('TIME')
local now = tonumber(ARGV[4]) or time[1] * 1000 + math.floor(time[2] / 1000)
local untilMs = now + ARGV[2]

local last = untilMs
local entries = redis.call('HGETALL', KEYS[1])
for i = 1, #entries, 2 do
  local ends = tonumber(string.match(entries[i + 1], '^%d+'))
  if ends <= now then redis.call('HDEL', KEYS[1], entries[i]) end
  if entries[i] == ARGV[1] and ends >= untilMs then return ends end
  last = math.max(last, ends)
end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', untilMs) .. ' ' .. ARGV[3])
redis.call('PEXPIREAT', KEYS[1], last)
return untilMs
