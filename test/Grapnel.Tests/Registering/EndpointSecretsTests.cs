using Grapnel.Registry;
using Grapnel.Sending.Signing;
using Grapnel.Tests.Engine;
using Microsoft.Extensions.Options;

namespace Grapnel.Tests.Registering;

public sealed class EndpointSecretsTests : IAsyncLifetime
{
    private EngineHarness _engine = null!;
    private EndpointRegistry _endpoints = null!;
    private EndpointSecrets _secrets = null!;

    public async ValueTask InitializeAsync()
    {
        _engine = await EngineHarness.StartAsync();
        (_endpoints, _secrets) = (_engine.Get<EndpointRegistry>(), _engine.Get<EndpointSecrets>());
    }

    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    [Fact]
    public async Task A_replaced_secret_signs_beside_the_new_one_until_its_grace_is_over()
    {
        var (application, endpoint) = await NewEndpointAsync();
        var rotated = await _secrets.RotateAsync(application, endpoint, secret: null, grace: null, default);
        rotated.Secrets.Select(secret => secret.ExpiresAt).ShouldBe([null, _engine.Time.GetUtcNow() + EndpointSecrets.DefaultGrace]);

        _engine.Time.Advance(TimeSpan.FromHours(23));
        var again = await _secrets.RotateAsync(application, endpoint, secret: null, grace: TimeSpan.FromHours(1), default);
        again.Secrets.Count.ShouldBe(3);
        _engine.Time.Advance(TimeSpan.FromHours(1));
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
        _engine.Time.Advance(EndpointSecrets.DefaultGrace);
        await _secrets.RotateAsync(application, endpoint, secret: null, grace: null, default);
    }

    [Fact]
    public async Task A_secret_that_is_made_here_is_of_the_type_in_the_settings_and_one_that_is_given_is_of_its_own()
    {
        var (application, endpoint) = await NewEndpointAsync();
        (await _secrets.ReadAsync(application, endpoint, default)).ShouldStartWith("whsec_");
        _engine.Get<IOptions<DeliveryOptions>>().Value.SignatureType = SignatureType.Ed25519;
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

    private async Task<(Id<Application>, string)> NewEndpointAsync(Id<Application>? among = null)
    {
        var application = among ?? (await _engine.Get<ApplicationRegistry>().CreateAsync(new ApplicationInput { Name = "A test" })).Id;
        var endpoint = await _endpoints.CreateAsync(application, new EndpointInput { Url = "http://127.0.0.1:9/" }, default);
        return (application, endpoint.Id.ToString());
    }
}
