using System.Globalization;
using Grapnel.Storage.Sqlite;
using Microsoft.Data.Sqlite;

namespace Grapnel.Bench.Tools;

/// <summary>Asks the store itself, from outside the server: what is committed there is durable, whatever the server believes.</summary>
internal static class StoreWitness
{
    /// <summary>Deliveries that are still to be done. One row, whatever the backlog.</summary>
    public static long Pending(string dataFolder)
    {
        // No pool: a connection left open would keep a stopping server from folding its log into the database.
        var database = new SqliteConnectionStringBuilder
        {
            DataSource = SqliteFiles.In(dataFolder).Database,
            Mode = SqliteOpenMode.ReadOnly,
            Pooling = false,
        };
        using var connection = new SqliteConnection(database.ConnectionString);
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT value FROM counter WHERE name = 'pending'";
        return Convert.ToInt64(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }
}
