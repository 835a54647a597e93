using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Grapnel.Storage.Sqlite.Migrations
{
    /// <inheritdoc />
    public partial class Api : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "validation",
                table: "event_type",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<string>(
                name: "filter",
                table: "endpoint_revision",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "filter",
                table: "endpoint",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<byte[]>(
                name: "application_id",
                table: "api_key",
                type: "BLOB",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "expires_at",
                table: "api_key",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "last_used_at",
                table: "api_key",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "scope",
                table: "api_key",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.CreateTable(
                name: "installation_secret",
                columns: table => new
                {
                    name = table.Column<string>(type: "TEXT", nullable: false),
                    value = table.Column<byte[]>(type: "BLOB", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_installation_secret", x => x.name);
                });

            migrationBuilder.CreateTable(
                name: "token_revocation",
                columns: table => new
                {
                    subject = table.Column<string>(type: "TEXT", nullable: false),
                    before = table.Column<long>(type: "INTEGER", nullable: false),
                    effective_at = table.Column<long>(type: "INTEGER", nullable: false),
                    keep_until = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_token_revocation", x => new { x.subject, x.before });
                });

            migrationBuilder.CreateIndex(
                name: "IX_application_rate_limit",
                table: "application",
                column: "rate_limit",
                filter: "rate_limit IS NOT NULL");

            migrationBuilder.Sql(EmbeddedText.Read("hot-api.sql"));
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_application_rate_limit",
                table: "application");

            migrationBuilder.DropTable(
                name: "installation_secret");

            migrationBuilder.DropTable(
                name: "token_revocation");

            migrationBuilder.DropColumn(
                name: "validation",
                table: "event_type");

            migrationBuilder.DropColumn(
                name: "filter",
                table: "endpoint_revision");

            migrationBuilder.DropColumn(
                name: "filter",
                table: "endpoint");

            migrationBuilder.DropColumn(
                name: "application_id",
                table: "api_key");

            migrationBuilder.DropColumn(
                name: "expires_at",
                table: "api_key");

            migrationBuilder.DropColumn(
                name: "last_used_at",
                table: "api_key");

            migrationBuilder.DropColumn(
                name: "scope",
                table: "api_key");
        }
    }
}
