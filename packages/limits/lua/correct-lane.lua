-- Brings buckets down to what the upstream says is left: somebody else uses the same account, or it counts more than we
-- do. Never up: the upstream has not seen the calls that are on their way.
--
-- KEYS  for each bucket: its hash
-- ARGV  for each bucket: units left upstream, limit, window in ms, intervalMs (0 = not paced); last and only in tests:
--       now in epoch ms instead of Redis TIME
-- Reply for each bucket: the units taken out of it
local now = tonumber(ARGV[1 + #KEYS * 4])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local reply = {}
for i, bucket in ipairs(KEYS) do
  local at = i * 4 - 4
  local total, dueAt, oldest, newest = 0, 0, 0, 0
  local state = redis.call('HGET', bucket, 'state')
  if state then total, dueAt, oldest, newest = struct.unpack('dddd', state) end
  -- A bucket in which nothing was charged lately has no slot to charge, and nothing was said of it either.
  local more = newest > now and math.floor(ARGV[at + 2] - total - ARGV[at + 1]) or 0
  reply[i] = math.max(0, more)
  if more > 0 then
    dueAt = math.min(dueAt + more * ARGV[at + 4], math.max(dueAt, now + ARGV[at + 3]))
    redis.call('HINCRBY', bucket, string.format('%d', newest), more)
    redis.call('HSET', bucket, 'state', struct.pack('dddd', total + more, dueAt, oldest, newest))
  end
end
return reply
