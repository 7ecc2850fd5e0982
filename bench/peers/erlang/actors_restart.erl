%% SPDX-License-Identifier: MIT OR Apache-2.0
%% The workload `restart` for Erlang/OTP: from just before a worker's exit to its next init, by way of a one_for_one
%% supervisor. Count failures back to back, and a tenth as many 1 ms apart.
-module(actors_restart).
-behaviour(gen_server).
-export([run/1, start_child/0, init/1, handle_call/3, handle_cast/2, handle_info/2]).

run(Count) ->
    persistent_term:put(actors_failed_at, atomics:new(1, [])),
    persistent_term:put(actors_driver, self()),
    {ok, _} = supervisor:start_link(?MODULE, supervisor),
    First = receive {up, Pid, _} -> Pid end,
    {Second, Busy} = failures(Count, First, 0, []),
    {_, Paced} = failures(Count div 10 + 1, Second, 1, []),
    Check = length(Busy) + length(Paced),
    actors:percentiles([{"restart_busy_p50", 0.5}, {"restart_busy_p99", 0.99}], Busy, Check),
    actors:percentiles([{"restart_paced_p50", 0.5}, {"restart_paced_p99", 0.99}], Paced, Check).

failures(0, Pid, _, Samples) -> {Pid, Samples};
failures(Left, Pid, Gap, Samples) ->
    pause(Gap),
    Pid ! fail,
    receive {up, Next, At} ->
        failures(Left - 1, Next, Gap, [At - atomics:get(persistent_term:get(actors_failed_at), 1) | Samples])
    end.

pause(0) -> ok;
pause(Milliseconds) -> timer:sleep(Milliseconds).

start_child() -> gen_server:start_link(?MODULE, worker, []).

init(supervisor) ->
    {ok, {#{strategy => one_for_one, intensity => 10000000, period => 1},
          [#{id => worker, start => {?MODULE, start_child, []}, restart => permanent}]}};
init(worker) ->
    persistent_term:get(actors_driver) ! {up, self(), actors:now_ns()},
    {ok, nothing}.

handle_info(fail, _) ->
    atomics:put(persistent_term:get(actors_failed_at), 1, actors:now_ns()),
    exit(failed).
handle_cast(_, State) -> {noreply, State}.
handle_call(_, _, State) -> {reply, ok, State}.
