-- A ticket has started: the lane's virtual time is at least its rank, and its rate of starts is known better. Runs as a part
-- of the script that begins the job, which knows a ticket's rank at its first start only.
-- KEYS: 1 the lane's ranks, 2 prioritised tickets, 3 active tickets (both BullMQ's)
-- ARGV: 1 now (epoch ms); `...` is the rank, as place-ticket.lua returned it, or nil or false when it is not known
-- Returns nothing

local rank = tonumber(... or 0)
local class = math.floor(rank / 2 ^ 51)
if class < 1 then
  return
end
local function known(name)
  return tonumber(readField(KEYS[1], name) or 0)
end
fetchFields(KEYS[1], class, 'lastStart', 'interval', 'starts', 'backlog', 'peak')
if not readField(KEYS[1], class) then
  return
end

-- The interval between starts says what the lane can do only while tickets wait and no slot is new: one that is taken for
-- the first time in this backlog starts a ticket without waiting for an end. It is the mean of about the last 64 intervals.
-- A gap far above it is a lane that stood still (closed, or without a worker).
local now, active = tonumber(ARGV[1]), askOnce('LLEN', KEYS[3])
local interval, starts, peak = known('interval'), known('starts'), known('peak')
if readField(KEYS[1], 'backlog') == '1' and active <= peak then
  local gap = math.max(0, now - known('lastStart'))
  if starts < 8 or gap <= 10 * interval + 90000 then
    starts = math.min(starts + 1, 64)
    interval = interval + (gap - interval) / starts
  end
end
local isBacklog = askOnce('ZCARD', KEYS[2]) > 0
setField(KEYS[1], class, string.format('%.0f', math.max(known(class), rank - class * 2 ^ 51)))
setField(KEYS[1], 'lastStart', ARGV[1])
setField(KEYS[1], 'backlog', isBacklog and '1' or '0')
setField(KEYS[1], 'interval', string.format('%.3f', interval))
setField(KEYS[1], 'starts', string.format('%d', starts))
setField(KEYS[1], 'peak', isBacklog and string.format('%d', math.max(peak, active)) or '0')
