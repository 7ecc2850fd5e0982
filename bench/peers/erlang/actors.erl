%% SPDX-License-Identifier: MIT OR Apache-2.0
%% The workloads of airt-bench for Erlang/OTP, one process an actor: actors:main(["NAME", "COUNT", "ACTORS"]) prints a
%% JSON object for each figure, with what was counted in `check`. Who calls it compares that with what it should be.
-module(actors).
-export([main/1, now_ns/0, percentiles/3]).

main([Name | Numbers]) ->
    logger:set_primary_config(level, none),
    [Count, Actors] = [list_to_integer(Number) || Number <- Numbers],
    run(Name, Count, Actors),
    halt(0).

run("pingpong", Count, _) -> pingpong("pingpong", Count, [], []);
run("pingpong_apart", Count, _) -> %% an undocumented option of spawn_opt
    pingpong("pingpong_apart", Count, [{scheduler, 1}], [{scheduler, 2}]);
run("counting_unbounded", Count, _) -> counting(Count);
run("fanin_unbounded", Count, Actors) -> fanin(Count, Actors);
run("ring100", Count, Actors) -> ring("ring100", Count, Actors);
run("ring10k", Count, Actors) -> ring("ring10k", Count, Actors);
run("spawn", Count, _) -> spawn_many(Count);
run("big", Count, Actors) -> big(Count, Actors);
run("chameneos", Count, Actors) -> chameneos(Count, Actors);
run("ask", Count, _) -> ask(Count);
run("timers", Count, Actors) -> timers(Count, Actors);
run("restart", Count, _) -> actors_restart:run(Count).

%% --- the clock, and what is printed ------------------------------------------------------------------------------

now_ns() -> erlang:monotonic_time(nanosecond).

report(Name, Value, Unit, Check) ->
    io:format("{\"name\":\"~s\",\"value\":~.3f,\"unit\":\"~s\",\"check\":~b}~n", [Name, float(Value), Unit, Check]).

%% Figures, [{Name, Part}], in microseconds from samples in nanoseconds; Check: how many the whole run took.
percentiles(Figures, Samples, Check) ->
    Sorted = list_to_tuple(lists:sort(Samples)),
    Count = tuple_size(Sorted),
    [report(Name, element(trunc((Count - 1) * Part) + 1, Sorted) / 1000, "us", Check) || {Name, Part} <- Figures].

total_of(Who) ->
    Who ! {total, self()},
    receive {total, Who, Total} -> Total end.

%% --- pingpong: Count round trips ---------------------------------------------------------------------------------

pingpong(Name, Count, PingOptions, PongOptions) ->
    Me = self(),
    Pong = spawn_opt(fun() -> pong(0) end, PongOptions),
    Ping = spawn_opt(fun() -> receive go -> ping(Pong, Count, 0, Me) end end, PingOptions),
    Start = now_ns(),
    Ping ! go,
    Pings = receive {over, Total} -> Total end,
    Nanoseconds = now_ns() - Start,
    report(Name, Nanoseconds / (2 * Count), "ns/message", Pings + total_of(Pong)).

ping(_, 0, Got, Me) -> Me ! {over, Got};
ping(Pong, Left, Got, Me) ->
    Pong ! {ball, self()},
    receive ball -> ping(Pong, Left - 1, Got + 1, Me) end.

pong(Got) ->
    receive
        {ball, From} -> From ! ball, pong(Got + 1);
        {total, From} -> From ! {total, self(), Got}
    end.

%% --- counting, fan-in --------------------------------------------------------------------------------------------

counting(Count) ->
    {Nanoseconds, Total} = into_one(Count, 1),
    report("counting_unbounded", Nanoseconds / Count, "ns/message", Total).

fanin(Count, Producers) ->
    Each = Count div Producers,
    {Nanoseconds, Total} = into_one(Each, Producers),
    report("fanin_unbounded", Nanoseconds / (Each * Producers), "ns/message", Total).

into_one(Each, Producers) ->
    Me = self(),
    Counter = spawn(fun() -> counter(0, Producers, Me) end),
    Start = now_ns(),
    [spawn(fun() -> produce(Counter, Each) end) || _ <- lists:seq(1, Producers)],
    Total = receive {over, Sum} -> Sum end,
    {now_ns() - Start, Total}.

produce(Counter, 0) -> Counter ! over;
produce(Counter, Left) -> Counter ! {one, 1}, produce(Counter, Left - 1).

counter(Sum, 0, Me) -> Me ! {over, Sum};
counter(Sum, Producers, Me) ->
    receive
        {one, Amount} -> counter(Sum + Amount, Producers, Me);
        over -> counter(Sum, Producers - 1, Me)
    end.

%% --- ring: a token makes Count hops ------------------------------------------------------------------------------

ring(Name, Count, Actors) ->
    Me = self(),
    First = spawn(fun() -> receive {next, Next} -> ring_hop(Next, 0, Me) end end),
    Make = fun(_, {Next, All}) -> Pid = spawn(fun() -> ring_hop(Next, 0, Me) end), {Pid, [Pid | All]} end,
    {Last, All} = lists:foldl(Make, {First, [First]}, lists:seq(2, Actors)),
    First ! {next, Last},
    Start = now_ns(),
    First ! {token, Count - 1},
    receive over -> ok end,
    Nanoseconds = now_ns() - Start,
    report(Name, Nanoseconds / Count, "ns/hop", lists:sum([total_of(Pid) || Pid <- All])).

ring_hop(Next, Got, Me) ->
    receive
        {token, 0} -> Me ! over, ring_hop(Next, Got + 1, Me);
        {token, Left} -> Next ! {token, Left - 1}, ring_hop(Next, Got + 1, Me);
        {total, From} -> From ! {total, self(), Got}
    end.

%% --- spawn: Count processes, a message each, and their end -------------------------------------------------------

spawn_many(Count) ->
    Ended = atomics:new(1, []),
    Me = self(),
    Child = fun() ->
        receive go -> ok end,
        case atomics:add_get(Ended, 1, 1) of
            Count -> Me ! {over, now_ns()};
            _ -> ok
        end
    end,
    Start = now_ns(),
    spawn(fun() -> spawn_each(Child, Count) end),
    End = receive {over, At} -> At end,
    report("spawn", (End - Start) / Count, "ns/actor", atomics:get(Ended, 1)).

spawn_each(_, 0) -> ok;
spawn_each(Child, Left) -> spawn(Child) ! go, spawn_each(Child, Left - 1).

%% --- big: Count pings of each of Actors, each to another one at random -------------------------------------------

big(Count, Actors) ->
    Me = self(),
    All = [spawn(fun() -> receive {start, Table} -> big_start({Index, Table, Me}, Count) end end)
           || Index <- lists:seq(1, Actors)],
    Table = list_to_tuple(All),
    Start = now_ns(),
    [Pid ! {start, Table} || Pid <- All],
    [receive over -> ok end || _ <- All],
    Nanoseconds = now_ns() - Start,
    report("big", Nanoseconds / (2 * Count * Actors), "ns/message", lists:sum([total_of(Pid) || Pid <- All])).

big_start({Index, _, _} = Fixed, Count) ->
    big_loop(Fixed, Count, big_ping(Fixed, rand:seed_s(exsss, Index)), 0).

big_ping({Index, Table, _}, Random) ->
    {Drawn, Next} = rand:uniform_s(tuple_size(Table) - 1, Random),
    Other = if Drawn >= Index -> Drawn + 1; true -> Drawn end,
    element(Other, Table) ! {ping, self()},
    Next.

big_loop({_, _, Me} = Fixed, Left, Random, Got) ->
    receive
        {ping, From} -> From ! pong, big_loop(Fixed, Left, Random, Got + 1);
        pong when Left > 1 -> big_loop(Fixed, Left - 1, big_ping(Fixed, Random), Got + 1);
        pong -> Me ! over, big_loop(Fixed, 0, Random, Got + 1);
        {total, From} -> From ! {total, self(), Got}
    end.

%% --- chameneos: Count meetings of two ----------------------------------------------------------------------------

chameneos(Count, Actors) ->
    Me = self(),
    Mall = spawn(fun() -> mall(Count, Actors, 0, Me) end),
    Start = now_ns(),
    [spawn(fun() -> creature(Mall, Index rem 3, 0) end) || Index <- lists:seq(1, Actors)],
    Met = receive {over, Sum} -> Sum end,
    report("chameneos", (now_ns() - Start) / Count, "ns/meeting", Met).

mall(0, 0, Met, Me) -> Me ! {over, Met};
mall(0, Left, Met, Me) ->
    receive
        {meet, Who, _} -> Who ! fade, mall(0, Left, Met, Me);
        {met, Times} -> mall(0, Left - 1, Met + Times, Me)
    end;
mall(Meetings, Left, Met, Me) ->
    receive {meet, One, OneColour} ->
        receive {meet, Other, OtherColour} ->
            One ! {met, OtherColour},
            Other ! {met, OneColour},
            mall(Meetings - 1, Left, Met, Me)
        end
    end.

creature(Mall, Colour, Met) ->
    Mall ! {meet, self(), Colour},
    receive
        {met, Colour} -> creature(Mall, Colour, Met + 1);
        {met, Other} -> creature(Mall, 3 - Colour - Other, Met + 1);
        fade -> Mall ! {met, Met}
    end.

%% --- ask: by a process, for no thread outside can send ------------------------------------------------------------

ask(Count) ->
    Server = spawn(fun() -> server() end),
    Busy = [ask_once(Server) || _ <- lists:seq(1, Count)],
    Idle = [begin timer:sleep(1), ask_once(Server) end || _ <- lists:seq(1, max(1, Count div 100))],
    Check = length(Busy) + length(Idle),
    percentiles([{"ask_busy_p50", 0.5}, {"ask_busy_p99", 0.99}, {"ask_busy_p999", 0.999}], Busy, Check),
    percentiles([{"ask_idle_p50", 0.5}, {"ask_idle_p99", 0.99}, {"ask_idle_p999", 0.999}], Idle, Check).

server() -> receive {question, From} -> From ! answer, server() end.

ask_once(Server) ->
    Start = now_ns(),
    Server ! {question, self()},
    receive answer -> now_ns() - Start end.

%% --- timers: Count of 10 to 100 ms, armed by Actors owners --------------------------------------------------------

timers(Count, Actors) ->
    Me = self(),
    Each = Count div Actors,
    statistics(runtime),
    Owners = [spawn(fun() -> timers_arm(Each, Owner * 7919), Me ! {late, self(), timers_take(Each, [])} end)
              || Owner <- lists:seq(0, Actors - 1)],
    Late = lists:append([receive {late, Owner, Samples} -> Samples end || Owner <- Owners]),
    {_, Milliseconds} = statistics(runtime),
    Sorted = list_to_tuple(lists:sort(Late)),
    Fired = tuple_size(Sorted),
    At = fun(Part) -> element(trunc((Fired - 1) * Part) + 1, Sorted) / 1.0e6 end,
    report("timers_cpu", Milliseconds * 1.0e6 / Fired, "ns CPU/timer", Fired),
    report("timers_late_p50", At(0.5), "ms", Fired),
    report("timers_late_p99", At(0.99), "ms", Fired).

timers_arm(0, _) -> ok;
timers_arm(Left, Random) ->
    Delay = 10 + (Random band 16#ffffff) rem 91,
    erlang:send_after(Delay, self(), {due, now_ns() + Delay * 1000000}),
    timers_arm(Left - 1, (Random * 1103515245 + 12345) band 16#7fffffff).

timers_take(0, Late) -> Late;
timers_take(Left, Late) -> receive {due, Due} -> timers_take(Left - 1, [now_ns() - Due | Late]) end.
