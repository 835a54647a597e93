using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Grapnel.Storage.Sqlite.Migrations;

/// <summary>What people are told of, and whether they were; see <see cref="IAlertStore"/>. Hand-written statements own the table.</summary>
[DbContext(typeof(SqliteCatalogContext)), Migration("20261129081000_Alerts")]
public sealed class Alerts : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
        CREATE TABLE alert (
            key text PRIMARY KEY,
            text text NOT NULL,
            since INTEGER NOT NULL,
            seen_at INTEGER NOT NULL,
            application_id BLOB,
            told_at INTEGER NOT NULL,
            over_at INTEGER,
            mail_at INTEGER
        )
        """);

    /// <inheritdoc />
    protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("DROP TABLE alert");
}
