using Grapnel.Auditing;
using Grapnel.Registry;
using Grapnel.Sending;
using Grapnel.Sending.Signing;
using Grapnel.Storage.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Grapnel.Tests.Registering;

public sealed class EndpointSecretsTests : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("grapnel-test-").FullName;
    private readonly DeliveryOptions _options = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly SqliteStore _store;
    private readonly EndpointRegistry _endpoints;
    private readonly EndpointSecrets _secrets;
    private readonly ApplicationRegistry _applications;

    public EndpointSecretsTests()
    {
        _store = SqliteStore.Open(new SqliteStoreOptions { Data = _folder }, _time);
        var (events, ids) = (new CatalogEvents(), new IdGenerator(_time));
        var audit = new AuditLog(_store.Console, ids, _time, NullLogger<AuditLog>.Instance);
        var guard = new AddressGuard(new NetworkOptions { AllowNet = [System.Net.IPNetwork.Parse("127.0.0.0/8")] }, _time);
        _applications = new ApplicationRegistry(_store.Catalog, events, audit, ids, _time);
        _endpoints = new EndpointRegistry(_store.Catalog, new EndpointCheck(_store.Catalog, guard), events, audit, ids, Options.Create(_options), _time);
        _secrets = new EndpointSecrets(_endpoints, Options.Create(_options), _time);
    }

    [Fact]
    public async Task A_replaced_secret_signs_beside_the_new_one_until_its_grace_is_over()
    {
        var (application, endpoint) = await NewEndpointAsync();
        var rotated = await _secrets.RotateAsync(application, endpoint, secret: null, grace: null, default);
        rotated.Secrets.Select(secret => secret.ExpiresAt).ShouldBe([null, _time.GetUtcNow() + EndpointSecrets.DefaultGrace]);

        _time.Advance(TimeSpan.FromHours(23));
        var again = await _secrets.RotateAsync(application, endpoint, secret: null, grace: TimeSpan.FromHours(1), default);
        again.Secrets.Count.ShouldBe(3);
        _time.Advance(TimeSpan.FromHours(1));
        (await _secrets.RotateAsync(application, endpoint, secret: null, grace: null, default)).Secrets.Count.ShouldBe(2);
    }

    [Fact]
    public async Task Without_grace_the_old_secret_is_gone_at_once()
    {
        var (application, endpoint) = await NewEndpointAsync();
        (await _secrets.RotateAsync(application, endpoint, secret: null, TimeSpan.Zero, default)).Secrets.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Ten_old_secrets_are_the_limit_until_one_has_expired()
    {
        var (application, endpoint) = await NewEndpointAsync();
        for (var i = 0; i < 10; i++)
            await _secrets.RotateAsync(application, endpoint, secret: null, grace: null, default);
        await Should.ThrowAsync<LimitReachedException>(() => _secrets.RotateAsync(application, endpoint, secret: null, grace: null, default));
        _time.Advance(EndpointSecrets.DefaultGrace);
        await _secrets.RotateAsync(application, endpoint, secret: null, grace: null, default);
    }

    [Fact]
    public async Task A_secret_that_is_made_here_is_of_the_type_in_the_settings_and_one_that_is_given_is_of_its_own()
    {
        var (application, endpoint) = await NewEndpointAsync();
        (await _secrets.ReadAsync(application, endpoint, default)).ShouldStartWith("whsec_");
        _options.SignatureType = SignatureType.Ed25519;
        (await _secrets.ReadAsync(application, endpoint, default)).ShouldStartWith("whsec_");

        var (_, asymmetric) = await NewEndpointAsync(application);
        (await _secrets.ReadAsync(application, asymmetric, default)).ShouldStartWith("whpk_");
        var symmetric = ReceiverKey.Of(WebhookSecret.Generate()).ToText();
        await _secrets.RotateAsync(application, asymmetric, symmetric, grace: null, default);
        (await _secrets.ReadAsync(application, asymmetric, default)).ShouldBe(symmetric);
        var rotated = await _secrets.RotateAsync(application, asymmetric, secret: null, grace: null, default);
        rotated.Secrets.Select(secret => secret.Type).ShouldBe([SignatureType.Ed25519, SignatureType.Hmac256, SignatureType.Ed25519]);
    }

    [Fact]
    public async Task The_same_bytes_as_a_symmetric_secret_and_as_a_pair_are_two_secrets()
    {
        var (application, endpoint) = await NewEndpointAsync();
        var bytes = Convert.ToBase64String(WebhookSecret.Generate(SignatureType.Ed25519).Key);
        foreach (var text in new[] { "whsec_" + bytes, "whsk_" + bytes, "whsk_" + bytes })
            await _secrets.RotateAsync(application, endpoint, text, grace: null, default);

        (await _endpoints.GetAsync(application, endpoint, default)).Secrets.Take(2).Select(secret => secret.Type)
            .ShouldBe([SignatureType.Ed25519, SignatureType.Hmac256]);
        (await _endpoints.GetAsync(application, endpoint, default)).Secrets.Count.ShouldBe(3);
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<(Id<Application>, string)> NewEndpointAsync(Id<Application>? among = null)
    {
        var application = among ?? (await _applications.CreateAsync(new ApplicationInput { Name = "A test" })).Id;
        var endpoint = await _endpoints.CreateAsync(application, new EndpointInput { Url = "http://127.0.0.1:9/" }, default);
        return (application, endpoint.Id.ToString());
    }
}
