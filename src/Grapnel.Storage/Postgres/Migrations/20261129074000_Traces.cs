using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Grapnel.Storage.Postgres.Migrations;

/// <summary>The trace that a message belongs to. The catalog's model stays as it is: the table is one of the hot path.</summary>
[DbContext(typeof(PostgresCatalogContext)), Migration("20261129074000_Traces")]
public sealed class Traces : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("ALTER TABLE message ADD COLUMN trace_parent text");

    /// <inheritdoc />
    protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("ALTER TABLE message DROP COLUMN trace_parent");
}
