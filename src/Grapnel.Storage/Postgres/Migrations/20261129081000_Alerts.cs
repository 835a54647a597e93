using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Grapnel.Storage.Postgres.Migrations;

/// <summary>What people are told of, and whether they were; see <see cref="IAlertStore"/>. Hand-written statements own the table.</summary>
[DbContext(typeof(PostgresCatalogContext)), Migration("20261129081000_Alerts")]
public sealed class Alerts : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
        CREATE TABLE alert (
            key text PRIMARY KEY,
            text text NOT NULL,
            since bigint NOT NULL,
            seen_at bigint NOT NULL,
            application_id uuid,
            told_at bigint NOT NULL,
            over_at bigint,
            mail_at bigint
        )
        """);

    /// <inheritdoc />
    protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("DROP TABLE alert");
}
