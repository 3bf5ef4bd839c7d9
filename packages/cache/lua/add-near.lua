-- Remembers a question, and forgets the oldest where there are too many. Vectors are kept as they are, not quantised: a threshold
-- means the same as where they are compared elsewhere.
-- KEYS: 1 vectors, 2 questions by when they were asked
-- ARGV: 1 vector (FP32), 2 digest of the reply, 3 attributes (JSON), 4 time that it is remembered (ms), 5 most questions
-- Replies: 1

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('VADD', KEYS[1], 'FP32', ARGV[1], ARGV[2], 'NOQUANT', 'SETATTR', ARGV[3])
redis.call('ZADD', KEYS[2], now, ARGV[2])
-- At most so many at a time, or a lower number would hold up everybody else.
local excess = math.min(100, redis.call('ZCARD', KEYS[2]) - ARGV[5])
if excess > 0 then
  local oldest = redis.call('ZPOPMIN', KEYS[2], excess)
  for i = 1, #oldest, 2 do
    redis.call('VREM', KEYS[1], oldest[i])
  end
end
for _, key in ipairs(KEYS) do
  if redis.call('PTTL', key) < tonumber(ARGV[4]) then
    redis.call('PEXPIRE', key, ARGV[4])
  end
end
return 1
