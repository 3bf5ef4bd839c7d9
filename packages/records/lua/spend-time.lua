-- Function for the scripts that move a job from state to state: every millisecond from accept to end belongs to one phase.
-- The record's field `times` is "<phase now> <since, epoch ms>", then " <phase> <ms spent in it>" for each that is over.
-- spendTime(times, now, next, on) returns what the field `times` is after a move to the phase `next` at `now`; the time since the
-- last move was spent on the phase `on`, by default on the one that the job was in. Its second value is the time of the move (clocks of
-- two processes may disagree, but time does not go back), its third how long that was.

local function spendTime(times, now, next, on)
  local phase, since, spent = string.match(times or ('queued ' .. now), '^(%a+) (%d+)(.*)$')
  now, on = math.max(tonumber(now), tonumber(since)), on or phase
  local more = now - since
  local from, to, before = string.find(spent, ' ' .. on .. ' (%d+)')
  if from then
    spent = spent:sub(1, from - 1) .. string.format(' %s %d', on, before + more) .. spent:sub(to + 1)
  elseif more > 0 then
    spent = spent .. string.format(' %s %d', on, more)
  end
  return string.format('%s %d', next, now) .. spent, now, more
end
