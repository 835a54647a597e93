namespace Grapnel.Storage.Tests.Conformance;

public abstract partial class StoreConformance
{
    [Fact]
    public async Task A_user_keeps_every_field_through_a_restart()
    {
        var user = await AddUserAsync("Ada@example.com", UserRole.Operator);
        await Console.UpdateUserAsync(Fill(user), default);

        await _store.ReopenAsync();

        (await Console.FindUserAsync(user.Id, default)).ShouldBe(user);
        (await Console.FindUserByNameAsync("ADA@EXAMPLE.COM", default)).ShouldBe(user);
    }

    [Fact]
    public async Task Nobody_is_found_under_a_name_or_an_id_that_there_is_not()
    {
        await AddUserAsync("ada");

        (await Console.FindUserAsync(Ids.Next<User>(), default)).ShouldBeNull();
        (await Console.FindUserByNameAsync("ADA2", default)).ShouldBeNull();
    }

    [Fact]
    public async Task Users_are_read_by_name()
    {
        foreach (var name in new[] { "cleo", "Ada", "bob" })
            await AddUserAsync(name);

        (await Console.ReadUsersAsync(default)).Select(user => user.Name).ShouldBe(["Ada", "bob", "cleo"]);
    }

    [Fact]
    public async Task The_first_user_is_added_once_however_many_want_to_be_it()
    {
        (await Console.AnyUserAsync(default)).ShouldBeFalse();

        var added = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Console.AddFirstUserAsync(NewUser($"user{i}", UserRole.Administrator), default)));

        added.Count(was => was).ShouldBe(1);
        (await Console.AnyUserAsync(default)).ShouldBeTrue();
        (await Console.ReadUsersAsync(default)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_name_that_is_taken_is_refused_to_a_new_user_and_to_one_that_changes_his()
    {
        var (ada, bob) = (await AddUserAsync("ada"), await AddUserAsync("bob"));

        await ShouldBeRefusedAsync("user_exists", () => Console.AddUserAsync(NewUser("ADA"), default));
        await ShouldBeRefusedAsync("user_exists", () => Console.UpdateUserAsync(bob with { Name = "Ada", NormalizedName = "ADA" }, default));

        (await Console.ReadUsersAsync(default)).ShouldBe([ada, bob]);
        (await Console.UpdateUserAsync(ada with { Name = "Ada" }, default)).ShouldBeTrue();
    }

    [Fact]
    public async Task A_user_that_is_gone_is_neither_changed_nor_deleted()
    {
        var user = await AddUserAsync("ada");

        (await Console.DeleteUserAsync(user.Id, default)).ShouldBeTrue();

        (await Console.DeleteUserAsync(user.Id, default)).ShouldBeFalse();
        (await Console.UpdateUserAsync(user, default)).ShouldBeFalse();
        (await Console.AnyUserAsync(default)).ShouldBeFalse();
    }

    [Fact]
    public async Task The_last_administrator_is_neither_demoted_nor_deleted()
    {
        var (first, second) = (await AddUserAsync("ada", UserRole.Administrator), await AddUserAsync("bob", UserRole.Administrator));
        await AddUserAsync("cleo", UserRole.Operator);
        (await Console.UpdateUserAsync(first with { Role = UserRole.Operator }, default)).ShouldBeTrue();

        await ShouldBeRefusedAsync("last_administrator", () => Console.UpdateUserAsync(second with { Role = UserRole.Viewer }, default));
        await ShouldBeRefusedAsync("last_administrator", () => Console.DeleteUserAsync(second.Id, default));

        (await Console.FindUserAsync(second.Id, default)).ShouldBe(second);
        (await Console.UpdateUserAsync(second with { FailedSignIns = 3 }, default)).ShouldBeTrue();
        (await Console.DeleteUserAsync(first.Id, default)).ShouldBeTrue();
    }

    [Fact]
    public async Task Of_two_administrators_who_demote_each_other_at_once_one_stays()
    {
        var (ada, bob) = (await AddUserAsync("ada", UserRole.Administrator), await AddUserAsync("bob", UserRole.Administrator));

        var refused = await Task.WhenAll(TryAsync(ada), TryAsync(bob));

        refused.Count(was => was).ShouldBe(1);
        (await Console.ReadUsersAsync(default)).Count(user => user.Role == UserRole.Administrator).ShouldBe(1);

        async Task<bool> TryAsync(User user)
        {
            try
            {
                await Console.UpdateUserAsync(user with { Role = UserRole.Viewer }, default);
                return false;
            }
            catch (ConflictException)
            {
                return true;
            }
        }
    }

    [Fact]
    public async Task The_key_ring_keeps_the_latest_of_each_name_through_a_restart()
    {
        await Console.StoreKeyRingEntryAsync(new KeyRingEntry("a", "<one/>"), default);
        await Console.StoreKeyRingEntryAsync(new KeyRingEntry("b", "<two/>"), default);
        await Console.StoreKeyRingEntryAsync(new KeyRingEntry("a", "<three/>"), default);

        await _store.ReopenAsync();

        (await Console.ReadKeyRingAsync(default)).ShouldBe([new KeyRingEntry("a", "<three/>"), new KeyRingEntry("b", "<two/>")], ignoreOrder: true);
    }

    private User NewUser(string name, UserRole role = UserRole.Viewer) => new()
    {
        Id = Ids.Next<User>(), Name = name, NormalizedName = name.ToUpperInvariant(), Role = role, CreatedAt = Start,
    };

    private async Task<User> AddUserAsync(string name, UserRole role = UserRole.Viewer)
    {
        var user = NewUser(name, role);
        await Console.AddUserAsync(user, default);
        return user;
    }

    private static User Fill(User user)
    {
        user.PasswordHash = "hash";
        user.SecurityStamp = "stamp";
        user.FailedSignIns = 2;
        user.LockedUntil = Start.AddMinutes(5);
        user.LastSignInAt = Start.AddMinutes(-5);
        return user;
    }

    private static async Task ShouldBeRefusedAsync(string code, Func<Task> act) => (await Should.ThrowAsync<ConflictException>(act)).Code.ShouldBe(code);
}
