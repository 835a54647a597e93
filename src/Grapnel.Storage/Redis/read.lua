-- Reads a lane. ARGV: 1 for an ordered one, else 0; the place after which fresh ones are read; now; how many of each run; places to leave out.
-- Answers with the mark, the doubts, whether to ask again, the runs, each as place, due time, attempts: tried, scheduled, fresh; and the earliest
-- due time that lies ahead, or nothing.
local lane, fresh, due_by_time, due_by_place, scheduled, attempts_of = unpack(KEYS)
local ordered, after, now, wanted = ARGV[1] == '1', ARGV[2], ARGV[3], tonumber(ARGV[4])
local held = {}
for i = 5, #ARGV do
  held[ARGV[i]] = true
end

local function run(key, from, to, want)
  local found, offset, size = {}, 0, 256
  repeat
    local page = redis.call('ZRANGEBYSCORE', key, from, to, 'WITHSCORES', 'LIMIT', offset, size)
    for i = 1, #page, 2 do
      if not held[page[i]] and #found < 2 * want then
        found[#found + 1] = page[i]
        found[#found + 1] = page[i + 1]
      end
    end
    offset = offset + size
  until #page < 2 * size or #found >= 2 * want
  return found
end

local function rows(found, due)
  local all = {}
  local counted = redis.call('EXISTS', attempts_of) == 1
  for i = 1, #found, 2 do
    all[#all + 1] = found[i]
    all[#all + 1] = due(found[i], found[i + 1])
    all[#all + 1] = counted and redis.call('HGET', attempts_of, found[i]) or '0'
  end
  return all
end

local function score(_, value) return value end
local function none() return '0' end
local function looked_up(place) return redis.call('ZSCORE', due_by_time, place) end

-- In an ordered lane what was scheduled gets its place among the others when it has come due; so many at a time, that nobody waits for long.
local again = 0
if ordered then
  local come = redis.call('ZRANGEBYSCORE', scheduled, '-inf', now, 'WITHSCORES', 'LIMIT', 0, 1000)
  for i = 1, #come, 2 do
    redis.call('ZADD', due_by_time, come[i + 1], come[i])
    redis.call('ZADD', due_by_place, come[i], come[i])
    redis.call('HSETNX', attempts_of, come[i], 0)
    redis.call('ZREM', scheduled, come[i])
  end
  again = #come == 2000 and 1 or 0
end

local tried, planned, new
if ordered then
  tried, planned = rows(run(due_by_place, '-inf', '+inf', wanted), looked_up), {}
  new = rows(run(fresh, '-inf', '+inf', wanted), none)
else
  tried = rows(run(due_by_time, '-inf', now, wanted), score)
  planned = rows(run(scheduled, '-inf', now, wanted), score)
  new = rows(run(fresh, '(' .. after, '+inf', wanted), none)
end

local ahead
for _, key in ipairs({due_by_time, scheduled}) do
  local first = run(key, '(' .. now, '+inf', 1)[2]
  if first and (not ahead or tonumber(first) < tonumber(ahead)) then
    ahead = first
  end
end
return {
  redis.call('HGET', lane, 'mark') or '', redis.call('HGET', lane, 'doubts') or '0', again, tried, planned, new, ahead or ''
}
