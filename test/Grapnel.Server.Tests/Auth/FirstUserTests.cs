using Grapnel.Server.Auth.Users;
using Grapnel.Server.Tests.Console.Support;
using Grapnel.Server.Tests.Support;
using Grapnel.Auditing;
using Grapnel.Storage;

namespace Grapnel.Server.Tests.Auth;

public sealed class FirstUserTests
{
    private static readonly Dictionary<string, string?> Named = new() { ["Console:AdminName"] = "ada", ["Console:AdminPassword"] = ConsoleServer.Password };

    [Fact]
    public async Task The_administrator_of_the_settings_is_made_at_a_start_without_users_and_only_then()
    {
        var folder = Directory.CreateTempSubdirectory("grapnel-test-").FullName;
        try
        {
            await using (var server = await TestServer.StartAsync(Named, folder: folder))
            {
                server.Get<FirstUser>().Code.ShouldBeNull();
                (await UsersAsync(server)).ShouldBe([("ada", UserRole.Administrator)]);
                var entries = await server.Get<AuditLog>().ListAsync(new AuditFilter(Subject: "ada"), new PageRequest(), default);
                entries.Items.ShouldHaveSingleItem().Actor.ShouldBe(Actor.Engine);
            }
            var other = new Dictionary<string, string?>(Named) { ["Console:AdminName"] = "bob" };
            await using var again = await TestServer.StartAsync(other, folder: folder);
            (await UsersAsync(again)).ShouldBe([("ada", UserRole.Administrator)]);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_code_is_good_once_and_ten_wrong_ones_close_the_door_for_a_minute()
    {
        await using var server = await TestServer.StartAsync();
        var first = server.Get<FirstUser>();
        var code = first.Code!;
        for (var i = 0; i < 10; i++)
            (await Should.ThrowAsync<InvalidInputException>(() => first.CreateAsync("AAAA-AAAA", "eve", ConsoleServer.Password, default))).Message.ShouldContain("not the one");
        (await Should.ThrowAsync<InvalidInputException>(() => first.CreateAsync(code, "ada", ConsoleServer.Password, default))).Message.ShouldContain("too often");
        (await UsersAsync(server)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_code_makes_one_administrator_and_no_second()
    {
        await using var server = await TestServer.StartAsync();
        var first = server.Get<FirstUser>();
        var code = first.Code!;
        await first.CreateAsync(code.ToLowerInvariant().Replace("-", " "), "ada", ConsoleServer.Password, default);

        await Should.ThrowAsync<ConflictException>(() => first.CreateAsync(code, "eve", ConsoleServer.Password, default));

        (await UsersAsync(server)).ShouldBe([("ada", UserRole.Administrator)]);
    }

    private static async Task<IEnumerable<(string, UserRole)>> UsersAsync(TestServer server) =>
        (await server.Get<IConsoleStore>().ReadUsersAsync(default)).Select(user => (user.Name, user.Role));
}
