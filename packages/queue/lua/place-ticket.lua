-- Puts a ticket into its lane, once, where start-time fair queueing between tenants wants it. Runs alone, or as a part of
-- the script that writes the job's record. What it writes is what BullMQ's own script writes for a prioritised job, but
-- for the score: BullMQ knows 21 bits of priority, a rank needs all 53 of a double. No events are written: nobody reads them.
-- KEYS: 1 ticket, 2 prioritised tickets, 3 marker, 4 meta, 5 active tickets (all BullMQ's), 6 the lane's ranks
-- ARGV: 1 id of the ticket, 2 its name, 3 its data (JSON), 4 now (epoch ms), 5 class (1 to 3), 6 tenant id,
--       7 cost: microseconds of the lane's time, divided by the tenant's weight
-- Returns the rank; 0 when the ticket was there already

if redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
local class, classWidth = ARGV[5], 2 ^ 51
local own = class .. ':' .. ARGV[6]
fetchFields(KEYS[6], own, class)
local virtualTime, ownEnd = readField(KEYS[6], class), readField(KEYS[6], own)
local start = math.max(tonumber(virtualTime or 0), tonumber(ownEnd or 0))
-- Beyond the range (71 years of lane time) all are last, and so first come, first served.
start = math.min(start, classWidth - 1)
if not virtualTime then setField(KEYS[6], class, '0') end
setField(KEYS[6], own, string.format('%.0f', start + tonumber(ARGV[7])))
-- A lane in which nothing was placed for a day has nobody left to be fair to.
keepFor(KEYS[6], 86400000)

local rank = string.format('%.0f', class * classWidth + start)
local priority = math.floor((class * classWidth + start) / 2 ^ 32)
redis.call('HSET', KEYS[1], 'name', ARGV[2], 'data', ARGV[3], 'timestamp', ARGV[4], 'delay', 0, 'priority', priority,
  'opts', '{"attempts":0,"priority":' .. priority .. ',"jobId":"' .. ARGV[1] .. '"}')
addMember(KEYS[2], rank, ARGV[1])

-- A marker wakes a worker, unless the lane is closed or has no slot: then the end of a ticket does.
fetchFields(KEYS[4], 'paused', 'concurrency')
local concurrency = readField(KEYS[4], 'concurrency')
if not readField(KEYS[4], 'paused') and not (concurrency and redis.call('LLEN', KEYS[5]) >= tonumber(concurrency)) then
  addMember(KEYS[3], 0, '0')
end
return rank
