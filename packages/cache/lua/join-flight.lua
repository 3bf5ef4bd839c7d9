-- A job that is about to make a call leads it, or waits for the equal job that does; in the same step it looks for the reply
-- that an earlier one has kept.
-- KEYS: 1 leader, 2 those that wait, 3 reply, 4 what is invalid, 5 replies by their last use
-- ARGV: 1 job id, 2 where its ticket is (JSON), 3 lease (ms), 4 a leader that is known to have ended, or empty,
--       5 time that those that wait are remembered (ms), 6 digest of the reply
-- Replies: {job id of the leader, ms until its lease ends, whom the new leader had waited for or '', now (epoch ms)}, behind
--          it what find-reply.lua has behind now

local leader, left, before = ARGV[1], ARGV[3], ''
if not redis.call('SET', KEYS[1], leader, 'PX', left, 'NX') then
  local found = redis.call('GET', KEYS[1])
  if found == leader or found == ARGV[4] then
    redis.call('SET', KEYS[1], leader, 'PX', left)
  else
    leader, left = found, redis.call('PTTL', KEYS[1])
    redis.call('HSET', KEYS[2], ARGV[1], leader .. ' ' .. ARGV[2])
    redis.call('PEXPIRE', KEYS[2], ARGV[5])
  end
end
if leader == ARGV[1] then
  local note = redis.call('HGET', KEYS[2], leader)
  if note then
    before = note:match('^%S*')
    redis.call('HDEL', KEYS[2], leader)
  end
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return { leader, tonumber(left), before, now, lookUp(KEYS[3], KEYS[4], KEYS[5], ARGV[6], now) }
