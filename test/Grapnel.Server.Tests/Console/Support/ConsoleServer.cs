using Grapnel.Server.Auth.Users;
using Grapnel.Server.Console;
using Grapnel.Server.Tests.Support;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Grapnel.Server.Tests.Console.Support;

/// <summary>A whole server with an administrator, an operator and a viewer, and a browser to look at it with.</summary>
internal sealed class ConsoleServer : IAsyncDisposable
{
    public const string Password = "correct horse battery";
    public const string Administrator = "ada@example.com";
    public const string Operator = "otto@example.com";
    public const string Viewer = "vera@example.com";

    private readonly List<Visit> _visits = [];

    private ConsoleServer(TestServer server) => Server = server;

    public TestServer Server { get; }

    public HttpClient Client => Server.Client;

    public static async Task<ConsoleServer> StartAsync(IReadOnlyDictionary<string, string?>? settings = null, string? folder = null, Action<IServiceCollection>? services = null)
    {
        var all = new Dictionary<string, string?> { ["Console:AdminName"] = Administrator, ["Console:AdminPassword"] = Password };
        foreach (var (name, value) in settings ?? new Dictionary<string, string?>())
            all[name] = value;
        var server = new ConsoleServer(await TestServer.StartAsync(all, registered =>
        {
            // Hashing as slowly as a product must took a third of the time of all these tests.
            registered.Configure<PasswordHasherOptions>(hashing => hashing.IterationCount = 1_000);
            services?.Invoke(registered);
        }, folder));
        await server.AddUserAsync(Operator, UserRole.Operator);
        await server.AddUserAsync(Viewer, UserRole.Viewer);
        return server;
    }

    /// <summary>Opens a browser window of its own, in which nobody is signed in.</summary>
    public async Task<Visit> VisitAsync(int width = 1440, string scheme = "light")
    {
        var visit = await Visit.OpenAsync(Server.Address, width, scheme);
        _visits.Add(visit);
        return visit;
    }

    /// <summary>Opens a browser window and signs in with the form, as a person does.</summary>
    public async Task<IPage> SignInAsync(string name = Administrator, int width = 1440, string scheme = "light")
    {
        var page = (await VisitAsync(width, scheme)).Page;
        await page.GotoAsync("/sign-in");
        await page.GetByLabel("Name or e-mail address").FillAsync(name);
        await page.GetByLabel("Password").FillAsync(Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await page.UntilReadyAsync();
        return page;
    }

    /// <summary>Opens a browser window and the portal of an application in it, by its link.</summary>
    public async Task<IPage> OpenPortalAsync(string application, int width = 1440, string scheme = "light")
    {
        var page = (await VisitAsync(width, scheme)).Page;
        var access = await Client.PostJsonAsync($"/api/v1/auth/app-portal-access/{application}", "{}");
        await page.GotoAsync(ConsolePaths.Portal + new Uri(access["url"].GetString()!).Fragment);
        await page.UntilAtAsync("/portal/home");
        return page;
    }

    /// <summary>Ends all windows; fails when a page told of an error, or asked another host for anything.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var visit in _visits)
            await visit.DisposeAsync();
        await Server.DisposeAsync();
        _visits.SelectMany(visit => visit.Complaints).ShouldBeEmpty();
    }

    private async Task AddUserAsync(string name, UserRole role)
    {
        await using var scope = Server.Get<IServiceScopeFactory>().CreateAsyncScope();
        var accounts = scope.ServiceProvider.GetRequiredService<Accounts>();
        if ((await accounts.ListAsync(CancellationToken.None)).All(user => user.Name != name))
            await accounts.CreateAsync(name, Password, role, CancellationToken.None);
    }
}
