using System.Net;
using System.Security.Claims;
using Grapnel.Server.Auth.Users;
using Grapnel.Server.Console;
using Grapnel.Server.Tests.Console.Support;
using Grapnel.Server.Tests.Support;
using Grapnel.Storage;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Grapnel.Server.Tests.Console;

/// <summary>Cookies and forms, below what a browser shows.</summary>
public sealed class SessionTests
{
    private const string NewPassword = "another horse battery";

    [Fact]
    public async Task Whoever_gets_another_role_or_password_or_is_deleted_is_out_on_open_pages_and_at_the_next_request()
    {
        await using var server = await StartStrictAsync();
        await HoldsAsync(server, (accounts, user) => accounts.ChangeRoleAsync(user.Id, UserRole.Viewer, default));
        await HoldsAsync(server, (accounts, user) => accounts.ResetPasswordAsync(user.Name, NewPassword, default));
        await HoldsAsync(server, (accounts, user) => accounts.DeleteAsync(user.Id, default));
        server.Get<IOptions<SecurityStampValidatorOptions>>().Value.ValidationInterval.ShouldBe(TimeSpan.Zero, "this test asks at every request");
    }

    [Fact]
    public async Task Sessions_are_looked_at_anew_every_thirty_seconds()
    {
        await using var server = await TestServer.StartAsync();
        server.Get<IOptions<SecurityStampValidatorOptions>>().Value.ValidationInterval.ShouldBe(TimeSpan.FromSeconds(30));
        StampChecks.Every.ShouldBe(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Changing_ones_password_ends_all_sessions_but_this_one()
    {
        await using var server = await StartStrictAsync();
        using var here = new FormClient(server.Address);
        using var elsewhere = new FormClient(server.Address);
        await here.SignInAsync(ConsoleServer.Administrator);
        await elsewhere.SignInAsync(ConsoleServer.Administrator);
        (await here.IsSignedInAsync(), await elsewhere.IsSignedInAsync()).ShouldBe((true, true));

        var changed = await here.SubmitAsync("/account", "/account/password", ("current", ConsoleServer.Password), ("replacement", NewPassword));

        changed.Headers.Location!.ToString().ShouldBe("/account?password=Changed");
        (await here.IsSignedInAsync(), await elsewhere.IsSignedInAsync()).ShouldBe((true, false));
        (await elsewhere.SignInAsync(ConsoleServer.Administrator)).StatusCode.ShouldBe(HttpStatusCode.OK, "the old password is refused");
        (await elsewhere.SignInAsync(ConsoleServer.Administrator, NewPassword)).StatusCode.ShouldBe(HttpStatusCode.Redirect);
    }

    [Theory]
    [InlineData("not the current one", NewPassword, "Wrong")]
    [InlineData(ConsoleServer.Password, "short", "Unfit")]
    public async Task A_password_is_not_changed_without_the_current_one_or_to_one_that_does_not_fit(string current, string replacement, string outcome)
    {
        await using var server = await StartStrictAsync();
        using var client = new FormClient(server.Address);
        await client.SignInAsync(ConsoleServer.Administrator);

        var refused = await client.SubmitAsync("/account", "/account/password", ("current", current), ("replacement", replacement));

        refused.Headers.Location!.ToString().ShouldBe($"/account?password={outcome}");
        (await client.IsSignedInAsync()).ShouldBeTrue();
        (await client.SignInAsync(ConsoleServer.Administrator)).StatusCode.ShouldBe(HttpStatusCode.Redirect);
    }

    [Fact]
    public async Task Guessing_the_current_password_on_the_account_page_locks_out_too()
    {
        await using var server = await StartStrictAsync();
        using var client = new FormClient(server.Address);
        await client.SignInAsync(ConsoleServer.Administrator);
        for (var i = 0; i < 5; i++)
            await client.SubmitAsync("/account", "/account/password", ("current", "a guess"), ("replacement", NewPassword));

        var right = await client.SubmitAsync("/account", "/account/password", ("current", ConsoleServer.Password), ("replacement", NewPassword));

        right.Headers.Location!.ToString().ShouldBe("/account?password=Wrong");
    }

    [Theory]
    [InlineData("/sign-out")]
    [InlineData("/account/password")]
    [InlineData("/sign-in")]
    public async Task A_form_that_was_not_made_here_is_refused(string path)
    {
        await using var server = await StartStrictAsync();
        using var client = new FormClient(server.Address);
        await client.SignInAsync(ConsoleServer.Administrator);

        var forged = await client.PostAsync(path, ("current", ConsoleServer.Password), ("replacement", NewPassword), ("_handler", "sign-in"), ("Input.Name", "a"));

        forged.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await client.IsSignedInAsync()).ShouldBeTrue();
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("https://hooks.example.com", true)]
    public async Task Cookies_are_out_of_reach_of_scripts_and_other_sites_and_kept_to_https_where_that_is_how_people_come(string? publicUrl, bool secure)
    {
        await using var server = await StartStrictAsync(("Api:PublicUrl", publicUrl));
        using var client = new FormClient(server.Address);
        var page = await client.GetAsync("/sign-in");
        page.StatusCode.ShouldBe(HttpStatusCode.OK);
        var form = Cookies(page).ShouldHaveSingleItem();
        if (secure)
        {
            // The browser would send it back by https, as this client cannot.
            client.Cookies.Add(server.Address, new Cookie(form.Split('=')[0], form.Split('=', 2)[1].Split(';')[0]) { Secure = false });
        }
        var session = Cookies(await client.SignInAsync(ConsoleServer.Administrator)).Single(cookie => cookie.StartsWith("grapnel=", StringComparison.Ordinal));

        foreach (var cookie in new[] { form, session })
        {
            cookie.ShouldContain("httponly");
            cookie.ShouldMatch("samesite=(lax|strict)");
            cookie.Contains("; secure").ShouldBe(secure, cookie);
        }
    }

    [Theory]
    [InlineData("/settings/keys", "/settings/keys")]
    [InlineData("//evil.example", "/")]
    [InlineData("/\\evil.example", "/")]
    [InlineData("https://evil.example/", "/")]
    [InlineData("javascript:alert(1)", "/")]
    public async Task Sign_in_sends_nobody_to_another_server(string wanted, string got)
    {
        await using var server = await StartStrictAsync();
        using var client = new FormClient(server.Address);

        var signedIn = await client.SignInAsync(ConsoleServer.Administrator, query: "?return=" + Uri.EscapeDataString(wanted));

        new Uri(server.Address, signedIn.Headers.Location!).ShouldBe(new Uri(server.Address, got));
    }

    [Fact]
    public async Task Pages_may_run_no_script_but_files_of_this_server_and_have_none_inline()
    {
        await using var server = await StartStrictAsync();
        using var client = new FormClient(server.Address);
        await client.SignInAsync(ConsoleServer.Administrator);
        foreach (var path in new[] { "/sign-in", "/settings", "/settings/users", "/account" })
        {
            var page = await client.GetAsync(path);
            var policy = page.Headers.GetValues("Content-Security-Policy").Single();
            policy.Split(';', StringSplitOptions.TrimEntries).ShouldContain("script-src 'self'");
            policy.ShouldContain("default-src 'none'");
            policy.ShouldContain("frame-ancestors 'none'");
            policy.ShouldNotContain("unsafe-eval");
            (await page.Content.ReadAsStringAsync()).ShouldNotMatch(@"<script(?![^>]*\bsrc=)|\son\w+=""|javascript:", path);
        }
    }

    private static IReadOnlyList<string> Cookies(HttpResponseMessage answer) =>
        answer.Headers.TryGetValues("Set-Cookie", out var cookies) ? [.. cookies.Select(cookie => cookie.Replace("; Secure", "; secure", StringComparison.Ordinal))] : [];

    private static async Task HoldsAsync(TestServer server, Func<Accounts, User, Task> change)
    {
        var name = $"{Guid.NewGuid():N}@example.com";
        await using var scope = server.Get<IServiceScopeFactory>().CreateAsyncScope();
        var accounts = scope.ServiceProvider.GetRequiredService<Accounts>();
        var user = await accounts.CreateAsync(name, ConsoleServer.Password, UserRole.Operator, default);
        var person = await new UserClaims().CreateAsync(user);
        using var checks = new StampChecks(NullLoggerFactory.Instance, server.Get<IConsoleStore>());
        using var client = new FormClient(server.Address);
        await client.SignInAsync(name);
        (await checks.HoldsAsync(person, default), await client.IsSignedInAsync()).ShouldBe((true, true));

        await change(accounts, user);

        (await checks.HoldsAsync(person, default), await client.IsSignedInAsync()).ShouldBe((false, false));
        (await checks.HoldsAsync(new ClaimsPrincipal(), default)).ShouldBeFalse();
    }

    private static Task<TestServer> StartStrictAsync(params (string Name, string? Value)[] settings)
    {
        var all = new Dictionary<string, string?> { ["Console:AdminName"] = ConsoleServer.Administrator, ["Console:AdminPassword"] = ConsoleServer.Password };
        foreach (var (name, value) in settings)
            all[name] = value;
        return TestServer.StartAsync(all, services => services.Configure<SecurityStampValidatorOptions>(stamps => stamps.ValidationInterval = TimeSpan.Zero));
    }
}
