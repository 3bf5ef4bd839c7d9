-- Function for the scripts that ask whether a job has not ended yet.
local function isLive(state)
  return state == 'queued' or state == 'in_progress' or state == 'paused'
end
