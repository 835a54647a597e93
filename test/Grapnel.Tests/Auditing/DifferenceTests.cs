using System.Text;
using Grapnel.Auditing;

namespace Grapnel.Tests.Auditing;

public sealed class DifferenceTests
{
    private const string Mark = "s3cret";
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly Endpoint Plain = new()
    {
        Id = new Id<Endpoint>(1), ApplicationId = new Id<Application>(2), Url = "https://a.example/", Secrets = [], CreatedAt = Now, UpdatedAt = Now,
    };

    [Fact]
    public void What_differs_is_told_with_what_it_was_and_what_it_is() =>
        Difference.Of(Plain, Plain with { Url = "https://b.example/<ü>", Enabled = false, RetrySchedule = [TimeSpan.FromSeconds(5)] }).ShouldBe(
            """{"url":{"from":"https://a.example/","to":"https://b.example/<ü>"},"enabled":{"from":true,"to":false},"retrySchedule":{"from":null,"to":[5]}}""");

    [Fact]
    public void What_is_equal_is_no_difference_whatever_object_it_is() => Difference.Of(
        Plain with { EventTypes = ["a", "b"], Metadata = new Dictionary<string, string> { ["a"] = "1", ["b"] = "2" } },
        Plain with { EventTypes = ["a", "b"], Metadata = new Dictionary<string, string> { ["b"] = "2", ["a"] = "1" }, UpdatedAt = Now.AddDays(1) }).ShouldBeNull();

    [Fact]
    public void Of_something_new_or_gone_is_told_what_it_is_or_was()
    {
        var application = new Application { Id = new Id<Application>(2), Name = "Acme", Uid = "acme", CreatedAt = Now, UpdatedAt = Now };

        Difference.Of(null, application).ShouldBe("""{"uid":{"to":"acme"},"name":{"to":"Acme"}}""");
        Difference.Of(application, null).ShouldBe("""{"uid":{"from":"acme"},"name":{"from":"Acme"}}""");
    }

    [Fact]
    public void Of_secrets_and_headers_and_payloads_no_more_is_told_than_that_they_changed()
    {
        var headers = Plain with { Headers = new Dictionary<string, string> { ["X"] = Mark } };
        var secrets = Plain with { Secrets = [new EndpointSecret(Encoding.UTF8.GetBytes(Mark), null)] };

        Difference.Of(Plain, headers).ShouldBe("""{"headers":{"changed":true}}""");
        Difference.Of(headers, Plain with { Headers = new Dictionary<string, string> { ["X"] = Mark + "2" } }).ShouldBe("""{"headers":{"changed":true}}""");
        Difference.Of(Plain, secrets).ShouldBe("""{"secrets":{"changed":true}}""");
        foreach (var text in new[] { Difference.Of(null, headers), Difference.Of(secrets, null), Difference.Of(null, secrets) })
            text.ShouldNotBeNull().ShouldNotContain(Mark);
    }

    [Fact]
    public void A_field_that_nobody_thought_of_is_not_shown()
    {
        Difference.Of(new Novel("a", 1, Mark), new Novel("b", 1, Mark + "2")).ShouldBe("""{"name":{"changed":true},"password":{"changed":true}}""");
        Difference.Of(null, new Novel("a", 1, Mark)).ShouldBeNull();
    }

    [Fact]
    public void Passwords_and_hashes_of_keys_are_not_shown()
    {
        var user = new User { Id = new Id<User>(1), Name = "ada", CreatedAt = Now };
        var key = new ApiKey { Id = new Id<ApiKey>(1), Name = "CI", Hash = Encoding.UTF8.GetBytes(Mark), Hint = Mark, CreatedAt = Now };

        Difference.Of(user, user with { PasswordHash = Mark, SecurityStamp = Mark, Role = UserRole.Administrator }).ShouldBe(
            """{"role":{"from":"viewer","to":"administrator"},"passwordHash":{"changed":true}}""");
        Difference.Of(null, key).ShouldBe("""{"name":{"to":"CI"},"scope":{"to":"full"}}""");
    }

    private sealed record Novel(string Name, int Number, string Password);
}
