using System.Net.Sockets;
using Npgsql;

namespace Grapnel.Storage.Postgres;

/// <summary>Tells errors of the database and the way to it from errors of a statement.</summary>
internal static class PostgresErrors
{
    /// <summary>Whether the store, rather than the work, is at fault. EF wraps what Npgsql throws, so inner exceptions count too.</summary>
    public static bool IsStorageFailure(Exception error) => error switch
    {
        PostgresException { SqlState: var state } => IsStorageFailure(state),
        NpgsqlException or SocketException or TimeoutException or ObjectDisposedException { ObjectName: nameof(NpgsqlDataSource) } => true,
        _ => error.InnerException is { } inner && IsStorageFailure(inner),
    };

    /// <summary>Whether two transactions stood in each other's way: nothing of this one was done, and it may simply run again.</summary>
    public static bool IsConflict(Exception error) =>
        error is PostgresException { SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure }
        || error.InnerException is { } inner && IsConflict(inner);

    /// <summary>Whether the connection was lost, rather than not made, or too slow.</summary>
    public static bool IsLost(Exception error) => error switch
    {
        PostgresException { SqlState: PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown } => true,
        PostgresException => false,
        NpgsqlException { InnerException: IOException } => true,
        _ => error.InnerException is { } inner && IsLost(inner),
    };

    /// <summary>The failure as callers see it.</summary>
    public static StoreUnavailableException Unavailable(Exception error) => new($"PostgreSQL cannot be used just now: {Describe(error)}", error);

    /// <summary>What is wrong, as a sentence for people. Never the connection string, which has a password in it.</summary>
    public static string Describe(Exception error) => error switch
    {
        PostgresException postgres => postgres.MessageText,
        NpgsqlException { InnerException: { } inner } => Describe(inner),
        TimeoutException => "it did not answer in time.",
        _ => error.Message,
    };

    // Classes: 08 connection, 53 resources (disk full, too many connections), 57 operator (shutdown, cancelled), 58 system, F0 and XX damage.
    // 25006: a standby takes no writes. 55P03: a lock was not to be had in time. 28: credentials that were changed while we run.
    private static bool IsStorageFailure(string state) =>
        state[..2] is "08" or "53" or "57" or "58" or "28" or "F0" or "XX" || state is "25006" or "55P03" or "40001" or "40P01" or "25P03" or "25P02";
}
