-- A job that is about to make a call leads it, or waits for the equal job that does.
-- KEYS: 1 flight, 2 those that wait
-- ARGV: 1 job id, 2 where its ticket is (JSON), 3 lease (ms), 4 a leader that is known to have ended, or empty,
--       5 time that those that wait are remembered (ms)
-- Replies: {'lead'} | {'follow', job id of the leader, ms until its lease ends}

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found = redis.call('HMGET', KEYS[1], 'leader', 'until')
local leader, left = found[1], tonumber(found[2] or 0) - now
if leader and leader ~= ARGV[1] and leader ~= ARGV[4] and left > 0 then
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
  redis.call('PEXPIRE', KEYS[2], ARGV[5])
  return { 'follow', leader, left }
end
redis.call('HSET', KEYS[1], 'leader', ARGV[1], 'until', string.format('%.0f', now + ARGV[3]))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('HDEL', KEYS[2], ARGV[1])
return { 'lead' }
