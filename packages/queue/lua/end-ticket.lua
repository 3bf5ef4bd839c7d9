-- A ticket has come to its end and the next one is taken, in one step: what BullMQ's own script does where nothing is special.
-- Where something is, nothing is changed, and BullMQ's script must do it: the lane is paused, closed or at its rate; a delayed
-- ticket is due; one lies among those without a rank; the worker has lost its lock. A ticket has no parent, no children, no
-- logs and no result. No events are written: nobody reads them.
-- KEYS: 1 ticket, 2 its lock, 3 active tickets, 4 those that may have stalled, 5 prioritised tickets, 6 waiting tickets,
--       7 delayed tickets, 8 meta, 9 limiter, 10 marker, 11 events (all BullMQ's)
-- ARGV: 1 id of the ticket, 2 token of its lock, 3 now (epoch ms), 4 how long a lock lives (ms), 5 what the keys of tickets
--       start with, 6 window of the limiter (ms), 7… the fields of a ticket that are told, 'ats' (how often it has started)
--       first
-- Replies, as BullMQ's: {values of the next ticket's fields with \0 between them, its id, 0, 0} | {0, 0, 0, when the next delayed one is due
--       (epoch ms), or 0}; or 'special'

fetchFields(KEYS[8], 'paused', 'concurrency', 'max', 'opts.maxLenEvents')
local concurrency, max = readField(KEYS[8], 'concurrency'), readField(KEYS[8], 'max')
-- A lane that is closed has the highest count of starts there is.
local started = tonumber((max and redis.call('GET', KEYS[9]) or askOnce('GET', KEYS[9])) or 0)
-- BullMQ's scores of delayed tickets are milliseconds in units of 1/4096.
local isDue = askOnce('ZCOUNT', KEYS[7], '-inf', string.format('%d', (ARGV[3] + 1) * 4096 - 1)) > 0
if readField(KEYS[8], 'paused') or started >= tonumber(max or 2 ^ 53 - 1) or isDue or askOnce('LLEN', KEYS[6]) > 0
  or redis.call('GET', KEYS[2]) ~= ARGV[2] or redis.call('LREM', KEYS[3], -1, ARGV[1]) == 0 then
  return 'special'
end
redis.call('DEL', KEYS[1], KEYS[2])
if askOnce('EXISTS', KEYS[4]) == 1 then
  redis.call('SREM', KEYS[4], ARGV[1])
end
-- BullMQ's other scripts do write events.
askOnce('XTRIM', KEYS[11], 'MAXLEN', '~', readField(KEYS[8], 'opts.maxLenEvents') or '10000')

if concurrency and redis.call('LLEN', KEYS[3]) >= tonumber(concurrency) then
  return { 0, 0, 0, 0 }
end
local id = redis.call('ZPOPMIN', KEYS[5])[1]
if not id then
  local score = redis.call('ZRANGE', KEYS[7], 0, 0, 'WITHSCORES')[2]
  return { 0, 0, 0, score and score / 4096 or 0 }
end
local ticket = ARGV[5] .. id
redis.call('LPUSH', KEYS[3], id)
redis.call('SET', ticket .. ':lock', ARGV[2], 'PX', ARGV[4])
if max and redis.call('INCR', KEYS[9]) == 1 then
  redis.call('PEXPIRE', KEYS[9], ARGV[6])
end
addMember(KEYS[10], '0', '0')
local values = redis.call('HMGET', ticket, unpack(ARGV, 7))
values[1] = string.format('%d', (values[1] or 0) + 1)
redis.call('HSET', ticket, 'ats', values[1], 'processedOn', ARGV[3])
for i = 2, #values do values[i] = values[i] or '' end
return { table.concat(values, '\0'), id, 0, 0 }
