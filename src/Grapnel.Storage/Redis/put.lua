-- Notes places of a lane. What is known already is only ever moved on: to a later attempt.
-- ARGV: 1 to leave out what is not known, else 0; then of each delivery its place, due time (0: at once) and attempts.
local lane, fresh, due_by_time, due_by_place, scheduled, attempts_of = unpack(KEYS)
for i = 2, #ARGV, 3 do
  local place, due, attempts = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
  local known = redis.call('HGET', attempts_of, place)
  if attempts == 0 then
    if not known then
      if due ~= '0' then
        redis.call('ZADD', scheduled, 'NX', due, place)
      else
        redis.call('ZADD', fresh, 'NX', place, place)
      end
    end
  else
    local there = known or redis.call('ZSCORE', fresh, place) or redis.call('ZSCORE', scheduled, place)
    if (there and tonumber(known or '0') < attempts) or (not there and ARGV[1] == '0') then
      redis.call('ZREM', scheduled, place)
      if due ~= '0' then
        redis.call('ZREM', fresh, place)
        redis.call('ZADD', due_by_time, due, place)
        redis.call('ZADD', due_by_place, place, place)
      else
        redis.call('ZREM', due_by_time, place)
        redis.call('ZREM', due_by_place, place)
        redis.call('ZADD', fresh, place, place)
      end
      redis.call('HSET', attempts_of, place, attempts)
    end
  end
end
return 0
