using Npgsql;

namespace Grapnel.Storage.Postgres;

/// <summary>One connection in use, by one caller, for one piece of work.</summary>
internal sealed class PostgresSession(NpgsqlConnection connection, CancellationToken cancellationToken)
{
    private readonly List<Action<bool>> _toBeTold = [];

    public NpgsqlConnection Connection => connection;

    public CancellationToken CancellationToken => cancellationToken;

    /// <summary>
    /// For work that keeps in memory what it knows of the store: has it told, once, whether the transaction that is open now was committed. One whose
    /// commit nobody answered counts as undone.
    /// </summary>
    public void TellHowItEnds(Action<bool> committed) => _toBeTold.Add(committed);

    /// <summary>Tells those who wanted to know.</summary>
    public void Tell(bool committed)
    {
        foreach (var told in _toBeTold)
            told(committed);
        _toBeTold.Clear();
    }

    /// <summary>A statement to bind and run. The driver prepares on the server what comes often.</summary>
    public PostgresCommand Prepare(string sql) => new(connection, sql, cancellationToken);
}
