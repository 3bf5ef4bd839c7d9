-- Puts a ticket aside until its time, once. Runs alone, or as a part of the script that writes the job's record. What it
-- writes is what BullMQ's own script writes for a delayed job of this queue; no events are written: nobody reads them.
-- KEYS: 1 ticket, 2 delayed tickets, 3 marker (all BullMQ's)
-- ARGV: 1 id of the ticket, 2 its name, 3 its data (JSON), 4 now (epoch ms), 5 when it is due (epoch ms, later than now)
-- Returns 0: a ticket that is not in its lane has no rank

if redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
local delay = string.format('%.0f', ARGV[5] - ARGV[4])
redis.call('HSET', KEYS[1], 'name', ARGV[2], 'data', ARGV[3], 'timestamp', ARGV[4], 'delay', delay, 'priority', 0,
  'opts', '{"attempts":0,"delay":' .. delay .. ',"jobId":"' .. ARGV[1] .. '"}')
redis.call('ZADD', KEYS[2], string.format('%.0f', ARGV[5] * 4096), ARGV[1])
-- Workers sleep until the time of the marker: that of the ticket that is due first.
local first = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
redis.call('ZADD', KEYS[3], string.format('%.0f', math.floor(first[2] / 4096)), '1')
return 0
