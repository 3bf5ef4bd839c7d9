-- A ticket has started: the lane's virtual time is at least its rank, and its rate of starts is known better. Runs as a part
-- of the script that begins the job, which knows a ticket's rank at its first start only.
-- KEYS: 1 the lane's ranks, 2 prioritised tickets, 3 active tickets (both BullMQ's)
-- ARGV: 1 now (epoch ms); `...` is the rank, as place-ticket.lua returned it, or nil or false when it is not known
-- Returns nothing

local rank = tonumber(... or 0)
local class = math.floor(rank / 2 ^ 51)
local known = class >= 1 and redis.call('HMGET', KEYS[1], class, 'lastStart', 'interval', 'starts', 'backlog', 'peak')
if not known or not known[1] then
  return
end
local start = rank - class * 2 ^ 51
local virtual = math.max(start, tonumber(known[1]))

-- The interval between starts says what the lane can do only while tickets wait and no slot is new: one that is taken for
-- the first time in this backlog starts a ticket without waiting for an end. It is the mean of about the last 64 intervals.
-- A gap far above it is a lane that stood still (closed, or without a worker).
local now, peak = tonumber(ARGV[1]), tonumber(known[6] or 0)
local interval, starts = tonumber(known[3] or 0), tonumber(known[4] or 0)
local active = redis.call('LLEN', KEYS[3])
if known[5] == '1' and active <= peak then
  local gap = math.max(0, now - tonumber(known[2]))
  if starts < 8 or gap <= 10 * interval + 90000 then
    starts = math.min(starts + 1, 64)
    interval = interval + (gap - interval) / starts
  end
end
local backlog = redis.call('ZCARD', KEYS[2]) > 0
redis.call('HSET', KEYS[1], class, string.format('%.0f', virtual), 'lastStart', ARGV[1], 'backlog', backlog and 1 or 0,
  'interval', string.format('%.3f', interval), 'starts', starts, 'peak', backlog and math.max(peak, active) or 0)
